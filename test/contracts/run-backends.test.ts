/** The contract of backends on each: a store, a scripted cluster, one in memory, a job server. */
import { localBench } from '../kit/backends/local-bench.js';
import { memoryBench } from '../kit/backends/memory-bench.js';
import { scriptedBench } from '../kit/backends/scripted-bench.js';
import { serverBench } from '../kit/backends/server-bench.js';
import { runBackendContract } from './run-backend-contract.js';

runBackendContract('a store', localBench);
runBackendContract('a namespace of a scripted cluster', scriptedBench);
runBackendContract('memory', memoryBench);
runBackendContract('a job server', serverBench);
