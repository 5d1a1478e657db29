import './analyst-faults.ts';
import '../../src/proxy/analyst/analyst-thread.ts';
