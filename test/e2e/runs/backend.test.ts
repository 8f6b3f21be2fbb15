/** The contract of backends on a real cluster. */
import { runBackendContract } from '../../contracts/run-backend-contract.js';
import { clusterBench } from '../kit/cluster-bench.js';

runBackendContract('a namespace of a cluster', clusterBench);
