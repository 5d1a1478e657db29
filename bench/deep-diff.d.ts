/** As much of the library as the trial calls; it comes without types. */
declare module 'deep-diff' {
  const deepDiff: { readonly diff: (a: object, b: object) => unknown };
  export = deepDiff;
}
