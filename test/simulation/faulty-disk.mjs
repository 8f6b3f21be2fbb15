// Loaded before all else by a worker process (`--import`): now and then a call of its disk fails, before it had
// an effect or after. `KT_FAULTY_DISK` says where, by which seed, and how often of a thousand calls.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { KT_FAULTY_DISK: faults, KT_WORKER_STORE: store } = process.env;
if (faults !== undefined && store !== undefined) {
  const { folder, seed, perMille } = JSON.parse(faults);
  let x = (seed ^ 0x9e3779b9) >>> 0 || 1;
  const happens = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % 1000 < perMille;
  };
  const broken = (call, path) =>
    Object.assign(new Error(`EIO: i/o error, ${call} '${path}'`), { code: 'EIO', errno: -5, syscall: call });
  for (const call of [
    'open',
    'link',
    'rename',
    'mkdir',
    'readdir',
    'opendir',
    'stat',
    'copyFile',
    'unlink',
  ]) {
    const real = fs.promises[call];
    fs.promises[call] = async (path, ...more) => {
      const isOfStore = String(path).startsWith(folder);
      if (isOfStore && happens()) throw broken(call, path);
      const result = await real(path, ...more);
      if (!isOfStore || !['link', 'rename', 'mkdir', 'copyFile', 'unlink'].includes(call) || !happens())
        return result;
      throw broken(call, path);
    };
  }
  syncBuiltinESMExports();
}
