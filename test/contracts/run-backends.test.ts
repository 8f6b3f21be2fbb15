/** The contract of backends on each: a store here, a namespace of a scripted cluster, one in memory. */
import { localBench } from '../kit/backends/local-bench.js';
import { memoryBench } from '../kit/backends/memory-bench.js';
import { scriptedBench } from '../kit/backends/scripted-bench.js';
import { runBackendContract } from './run-backend-contract.js';

runBackendContract('a store', localBench);
runBackendContract('a namespace of a scripted cluster', scriptedBench);
runBackendContract('memory', memoryBench);
