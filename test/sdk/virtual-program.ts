/** A TypeScript program over files that exist only in memory, beside those on disk. */
import { dirname } from 'node:path';
import ts from 'typescript';

const read = new Map<string, ts.SourceFile | undefined>();

/** Makes the program; `files` maps absolute paths to texts. Files on disk are read once for all programs. */
export function virtualProgram(files: ReadonlyMap<string, string>, options: ts.CompilerOptions): ts.Program {
  const all: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    ...options,
  };
  const host = ts.createCompilerHost(all);
  const fromDisk = host.getSourceFile.bind(host);
  const folders = new Set([...files.keys()].map(path => dirname(path)));
  host.getSourceFile = (name, language) => {
    const text = files.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, language);
    if (!read.has(name)) read.set(name, fromDisk(name, language));
    return read.get(name);
  };
  host.fileExists = name => files.has(name) || ts.sys.fileExists(name);
  host.directoryExists = name => folders.has(name) || ts.sys.directoryExists(name);
  return ts.createProgram([...files.keys()], all, host);
}

/** A diagnostic as `tsc` prints it, without its position. */
export const messageOf = ({ messageText }: ts.Diagnostic): string =>
  ts.flattenDiagnosticMessageText(messageText, '\n');
