/**
 * A node with a slow intake, in a process of its own so that its memory can be measured. Prints its port; when stdin
 * ends, prints `{ sizeBytes, growthBytes }` (dataset bytes taken; most resident growth seen) and exits.
 */
import { startNode } from './dicom-peers.ts';

const miB = 1_048_576;
const node = await startNode();
node.intake.keeps = false;
let sinceRest = 0;
let growthBytes = 0;
const before = process.memoryUsage.rss();
node.intake.beforeWrite = (bytes) => {
  sinceRest += bytes;
  growthBytes = Math.max(growthBytes, process.memoryUsage.rss() - before);
  if (sinceRest < miB) return undefined;
  sinceRest = 0;
  return new Promise((resolve) => setTimeout(resolve, 10));
};
console.log(node.port);
process.stdin.resume();
process.stdin.on('end', () => {
  console.log(JSON.stringify({ sizeBytes: node.intake.sizeBytes, growthBytes }));
  void node.scp.stop();
});
