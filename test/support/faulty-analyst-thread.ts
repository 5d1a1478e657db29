import './analyst-faults.ts';
import '../../src/proxy/analyst-thread.ts';
