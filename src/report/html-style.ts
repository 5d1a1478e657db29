/** The style sheet of the HTML report: light and dark by the reader's preference, and print. */
export const STYLE: string = `
:root {
  color-scheme: light dark;
  --page: #f4f5f8; --card: #ffffff; --ink: #171b24; --quiet: #596273; --line: #e1e5ec;
  --soft: #f1f3f7; --pass: #157a3c; --fail: #be1f1f; --inconclusive: #9a5b00;
  --pass-soft: #e3f5e9; --fail-soft: #fdeaea; --inconclusive-soft: #fdf1dc;
  --s0: #d4500c; --s1: #1766d1; --s2: #0b857b; --s3: #7c3fc4; --s4: #c0267e; --s5: #6b7a0c;
  --band: #8a94a6; --mark: #ffe08a;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1117; --card: #161b23; --ink: #e6e9ef; --quiet: #98a2b3; --line: #29303c;
    --soft: #1d232d; --pass: #4ccb7d; --fail: #ff7b72; --inconclusive: #e6b04c;
    --pass-soft: #12301e; --fail-soft: #3a1a1c; --inconclusive-soft: #33270f;
    --s0: #ff8a4c; --s1: #62a8ff; --s2: #3fd0c2; --s3: #bb92f5; --s4: #f67cbc; --s5: #c5d152;
    --band: #7c879a; --mark: #6b5410;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%; overflow-wrap: anywhere;
}
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 56px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 0 0 14px; letter-spacing: -0.005em; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0 0 10px; }
code, .mono { font-family: var(--mono); font-size: 0.9em; }
.quiet { color: var(--quiet); }
.brand {
  display: flex; align-items: center; gap: 9px; margin-bottom: 8px; color: var(--quiet);
  font-weight: 600; font-size: 14px;
}
.brand svg { width: 30px; height: 18px; }
.brand .a { fill: var(--s0); opacity: .85; }
.brand .b { fill: var(--s1); opacity: .75; }
header { margin-bottom: 20px; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 22px 24px; margin-top: 18px;
}
.verdict { display: flex; gap: 18px; align-items: center; border-left-width: 6px; }
.verdict svg { flex: none; width: 46px; height: 46px; }
.verdict .word { font-size: 24px; font-weight: 700; line-height: 1.2; }
.verdict p { margin: 3px 0 0; }
.verdict.pass { border-color: var(--pass); background: var(--pass-soft); }
.verdict.fail { border-color: var(--fail); background: var(--fail-soft); }
.verdict.inconclusive { border-color: var(--inconclusive); background: var(--inconclusive-soft); }
.pass .word, .pill.pass { color: var(--pass); }
.fail .word, .pill.fail { color: var(--fail); }
.inconclusive .word, .pill.inconclusive { color: var(--inconclusive); }
.sign { fill: none; stroke: currentColor; stroke-width: 3.4; stroke-linecap: round; }
.sign { stroke-linejoin: round; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; }
.tiles { margin: 18px 0 0; padding: 0; }
.tile {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 14px 18px; display: flex; flex-direction: column;
}
.tile dt { color: var(--quiet); font-size: 13px; }
.tile dd { margin: 0; font-size: 25px; font-weight: 650; line-height: 1.3; }
.tile dd { font-variant-numeric: tabular-nums; }
.tile dd + dd { font-size: 13px; font-weight: 400; color: var(--quiet); line-height: 1.4; }
.tile.bad dd:first-of-type { color: var(--fail); }
.warnings { border-color: var(--inconclusive); background: var(--inconclusive-soft); }
.warnings ul, .notes, .context { margin: 0; padding-left: 20px; }
.notes { margin-top: 14px; color: var(--quiet); font-size: 14px; }
.notes li + li, .context li + li { margin-top: 4px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; overflow-wrap: normal; }
th, td { text-align: left; padding: 9px 11px; vertical-align: top; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th {
  font-size: 12.5px; font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line);
  vertical-align: bottom; line-height: 1.3;
}
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody th { font-weight: 600; min-width: 110px; }
th.time { min-width: 0; font-weight: 400; font-variant-numeric: tabular-nums; }
thead th.time { font-weight: 600; }
.num { text-align: right; font-variant-numeric: tabular-nums; }
.short { white-space: nowrap; }
thead th.short { white-space: normal; }
td.why { min-width: 230px; overflow-wrap: anywhere; }
.pill {
  display: inline-block; border-radius: 99px; padding: 1px 10px; font-size: 12.5px;
  font-weight: 600; background: var(--soft); white-space: nowrap;
}
.pill.pass { background: var(--pass-soft); }
.pill.fail { background: var(--fail-soft); }
.pill.inconclusive { background: var(--inconclusive-soft); }
.cluster { border: 1px solid var(--line); border-radius: 10px; margin-top: 14px; }
.cluster .top {
  padding: 13px 16px; display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline;
}
.cluster .times { margin-left: auto; font-weight: 650; font-variant-numeric: tabular-nums; }
.cluster .route { width: 100%; font-size: 13.5px; }
.example { border-top: 1px solid var(--line); padding: 12px 16px; }
.example .where { font-size: 13px; margin-bottom: 8px; color: var(--quiet); }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; margin: 0; }
.sides > div { background: var(--soft); border-radius: 8px; padding: 8px 12px; }
.sides > div { border-left: 3px solid var(--s0); }
.sides > div + div { border-left-color: var(--s1); }
.sides dt { font-size: 12px; font-weight: 600; color: var(--s0); }
.sides > div + div dt { color: var(--s1); }
.sides dd { margin: 2px 0 0; font-family: var(--mono); font-size: 13px; white-space: pre-wrap; }
mark { background: var(--mark); color: inherit; border-radius: 3px; padding: 0 1px; }
.sum { margin-top: 18px; }
.sum:first-of-type { margin-top: 0; }
.sum .bar { display: block; width: 100%; height: 14px; border-radius: 5px; margin: 7px 0 8px; }
.sum .words { font-variant-numeric: tabular-nums; }
.sum b { font-weight: 650; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 5px; }
.p-mirrored, .p-compared { fill: var(--s1); background: var(--s1); }
.p-matched { fill: var(--pass); background: var(--pass); }
.p-mismatched, .p-dropped { fill: var(--fail); background: var(--fail); }
.p-not-comparable { fill: var(--inconclusive); background: var(--inconclusive); }
.p-skipped, .p-ignored { fill: var(--band); background: var(--band); }
.p-in-flight { fill: var(--s3); background: var(--s3); }
.holds { color: var(--pass); font-size: 13px; font-weight: 600; white-space: nowrap; }
.holds.not { color: var(--fail); }
.clients { margin-top: 20px; border-top: 1px solid var(--line); padding-top: 12px; }
.share { display: block; width: 64px; height: 6px; margin-top: 6px; }
.share .all { fill: var(--line); }
.share .part { fill: var(--s1); }
svg.plot { display: block; width: 100%; min-width: 680px; height: auto; }
.plot text { fill: var(--ink); font-size: 13px; }
.plot .tick, .plot .axis, .plot .quiet { fill: var(--quiet); }
.plot .tick, .plot .axis { font-size: 12px; }
.plot .tick { font-variant-numeric: tabular-nums; }
.plot .name { font-weight: 600; }
.plot .grid, .plot .base, .plot .tickmark { stroke: var(--line); stroke-width: 1; }
.plot .curve { fill: none; stroke: var(--series); stroke-width: 2.4; stroke-linejoin: round; }
.plot path.curve { stroke-linecap: round; }
.plot .dot { fill: var(--card); stroke: var(--series); stroke-width: 2; }
.plot .hit { fill: transparent; }
.plot .mark:hover .dot { fill: var(--series); }
.plot rect.hit:hover { fill: var(--band); fill-opacity: .16; }
.plot .band { fill: var(--band); fill-opacity: .3; }
.plot .curve.l-max { stroke-width: 1.2; stroke-dasharray: 2 3; }
.plot .curve.l-p999 { stroke-width: 2.2; }
.plot .curve.l-p99 { stroke-width: 1.5; stroke-opacity: .65; }
.plot .curve.l-p50 { stroke-width: 1.5; stroke-opacity: .65; stroke-dasharray: 7 4; }
.neutral { --series: var(--ink); }
.s0 { --series: var(--s0); } .s1 { --series: var(--s1); } .s2 { --series: var(--s2); }
.s3 { --series: var(--s3); } .s4 { --series: var(--s4); } .s5 { --series: var(--s5); }
.d1 > path.curve, .d1 > line.curve { stroke-dasharray: 9 4; }
footer { margin-top: 22px; color: var(--quiet); font-size: 13px; }
@media (max-width: 640px) {
  main { padding: 16px 10px 40px; }
  section { padding: 16px 14px; }
  .sides { grid-template-columns: 1fr; }
}
@media print {
  :root { color-scheme: light; }
  body { background: #fff; font-size: 12px; }
  main { max-width: none; padding: 0; }
  section, .tile { break-inside: avoid; }
  .scroll { overflow: visible; }
}
`;
