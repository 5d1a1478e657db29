/**
 * The new orders service. It reads its JSON into objects and writes it again, and so loses the
 * last digits of every identifier above 2^53. With `FIXED=1` it keeps the text.
 */
import { ordersOf, ordersServer } from './legacy.ts';

/** The answer as the rewrite first gave it. */
export function flawedOrdersOf(customer: number): string {
  return JSON.stringify(JSON.parse(ordersOf(customer)));
}

if (import.meta.main) {
  const answer = process.env['FIXED'] === '1' ? ordersOf : flawedOrdersOf;
  ordersServer(answer).listen(9002, '127.0.0.1');
}
