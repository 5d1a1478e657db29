/** The old orders service: answers from text it has kept, identifiers as 64-bit integers. */
import { createServer, type Server } from 'node:http';

/** A customer's orders as JSON. Identifiers lie above 2^53, as those of many databases do. */
export function ordersOf(customer: number): string {
  const first = 9_007_199_254_740_993n + BigInt(customer) * 2n;
  const orders = [0n, 2n].map((offset) => `{"id":${first + offset},"total":"19.90"}`);
  return `{"customer":${customer},"orders":[${orders.join(',')}]}`;
}

/** `GET /customers/N/orders`, answered by `answer`; anything else is 404. */
export function ordersServer(answer: (customer: number) => string): Server {
  return createServer((request, response) => {
    const customer = /^\/customers\/(\d{1,9})\/orders$/.exec(request.url ?? '')?.[1];
    const body = customer === undefined ? '{"error":"not found"}' : answer(Number(customer));
    response.writeHead(customer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(body);
  });
}

if (import.meta.main) ordersServer(ordersOf).listen(9001, '127.0.0.1');
