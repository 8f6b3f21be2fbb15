/** What `kt serve` needs before there is a server. The build makes one small file of it. */
export { inClusterConnection } from '@kube-transform/runtime/kubernetes';
export { omitUndefined } from '@kube-transform/sdk';
export { kubeConnection } from '../cluster/kube-connection.js';
export { loadServing } from './load-server.js';
