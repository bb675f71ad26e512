/** How an instance's state follows from its deliveries, as the newest migration has it. */
export { aggregateInstance } from './migrations/0001-initial.ts';
