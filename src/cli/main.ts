#!/usr/bin/env node
// The one static import: what an older Node lacks it misses before a line is run, and says so in
// ways that tell nobody why.
import './require-node.ts';

const { useCompileCache } = await import('../kit/compile-cache.ts');
useCompileCache();
await import('./start.ts');
