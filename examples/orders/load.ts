/** Sends about 100 requests a second through the proxy, until it is stopped or one fails. */
const ORIGIN = 'http://127.0.0.1:8080';

const timer = setInterval(() => {
  const customer = Math.floor(Math.random() * 10_000);
  fetch(`${ORIGIN}/customers/${customer}/orders`)
    .then((response) => response.arrayBuffer())
    .catch((error: unknown) => {
      if (process.exitCode === undefined) console.error(`${ORIGIN}: ${String(error)}`);
      process.exitCode = 1;
      clearInterval(timer);
    });
}, 10);
