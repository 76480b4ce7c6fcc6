import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

import { ScoringError } from "./errors.js";
import { type BundleFile, type BundleManifest, ErrorCode } from "./gen/rankspec/serving/v1/bundle_pb.js";
import { compareNames, MANIFEST_FILE, MAX_FILE_BYTES, MAX_MANIFEST_BYTES } from "./layout.js";
import { parseManifest } from "./manifest.js";

/** A bundle whose files are what its manifest says. */
export interface BundleFiles {
  readonly manifest: BundleManifest;
  /** SHA-256 of the manifest's bytes, in hexadecimal: the bundle's identity. */
  readonly digest: string;
  /** Bytes, by name, of the files that scoring needs: the very ones that were hashed. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** The same of files that raw rows may need: the recipe, and what it may name; none without a recipe. */
  readonly recipeFiles: ReadonlyMap<string, Uint8Array>;
}

const CHUNK = 2 ** 22;

/** Reads a bundle, and looks at everything but what its model computes. */
export function readBundle(folder: string, expectDigest: string | undefined, maxBytes: number): BundleFiles {
  const there = namesIn(folder);
  const data = manifestBytes(folder);
  const digest = createHash("sha256").update(data).digest("hex");
  if (expectDigest !== undefined && digest !== expectDigest) {
    throw new ScoringError(ErrorCode.DIGEST_MISMATCH, "the manifest of that digest", MANIFEST_FILE);
  }
  const manifest = parseManifest(data);
  checkNames(there, manifest);
  if (manifest.files.reduce((sum, { size }) => sum + size, 0n) > BigInt(maxBytes)) {
    throw new ScoringError(ErrorCode.FILE_TOO_LARGE, `files of ${maxBytes} bytes together at most`);
  }
  const used = new Set([manifest.modelFile, manifest.goldenFile, ...manifest.externalTensors.map(({ file }) => file)]);
  const contents = new Map<string, Uint8Array>();
  const recipeFiles = new Map<string, Uint8Array>();
  for (const file of manifest.files) {
    const isUsed = used.has(file.name);
    const isOfRecipe = file.name === manifest.recipeFile || (!isUsed && mayBeVocabulary(file.name, manifest));
    const content = checkedContent(folder, file, isUsed || isOfRecipe);
    if (content !== undefined && isUsed) {
      contents.set(file.name, content);
    }
    if (content !== undefined && isOfRecipe) {
      recipeFiles.set(file.name, content);
    }
  }
  return { manifest, digest, contents, recipeFiles };
}

/** Whether the recipe may name a file; what it does name is not known yet. */
function mayBeVocabulary(name: string, { recipeFile, configFile, configTextFile }: BundleManifest): boolean {
  return recipeFile !== "" && name !== configFile && name !== configTextFile;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new ScoringError(ErrorCode.NO_BUNDLE, "a folder that can be read", "", undefined, { cause: error });
  }
}

function manifestBytes(folder: string): Uint8Array {
  return withFile(folder, MANIFEST_FILE, noManifest, (file, size) => {
    if (size > MAX_MANIFEST_BYTES) {
      throw new ScoringError(ErrorCode.FILE_TOO_LARGE, `${MAX_MANIFEST_BYTES} bytes at most`, MANIFEST_FILE);
    }
    const data = Buffer.alloc(size);
    return data.subarray(0, filled(file, data));
  });
}

/** Makes sure that the folder has the listed files and no others. */
function checkNames(there: readonly string[], manifest: BundleManifest): void {
  const listed = new Set(manifest.files.map(({ name }) => name));
  const present = new Set(there);
  for (const name of [...there].sort(compareNames)) {
    if (name !== MANIFEST_FILE && !listed.has(name)) {
      throw new ScoringError(ErrorCode.FILE_UNLISTED, "files that the manifest lists, and no others", name);
    }
  }
  for (const name of [...listed].sort(compareNames)) {
    if (!present.has(name)) {
      throw missing(name);
    }
  }
}

/** The bytes of a file whose size and hash are as listed, if they are to be kept. */
function checkedContent(folder: string, listed: BundleFile, isKept: boolean): Uint8Array | undefined {
  return withFile(folder, listed.name, missing, (file, found) => {
    const size = Number(listed.size);
    if (found !== size) {
      throw new ScoringError(ErrorCode.FILE_SIZE, `${size} bytes`, listed.name);
    }
    if (isKept && size > MAX_FILE_BYTES) {
      throw new ScoringError(ErrorCode.FILE_TOO_LARGE, `${MAX_FILE_BYTES} bytes at most in Node`, listed.name);
    }
    const kept = Buffer.alloc(isKept ? size : CHUNK);
    const hash = createHash("sha256");
    for (let start = 0; start < size; ) {
      const chunk = isKept ? kept.subarray(start, start + CHUNK) : kept.subarray(0, size - start);
      const number = readSync(file, chunk);
      if (number === 0) {
        break; // It shrinks while it is read: its hash is another one.
      }
      hash.update(chunk.subarray(0, number));
      start += number;
    }
    if (hash.digest("hex") !== listed.sha256) {
      throw new ScoringError(ErrorCode.FILE_HASH, "the SHA-256 that the manifest says", listed.name);
    }
    return isKept ? kept : undefined;
  });
}

function filled(file: number, data: Uint8Array): number {
  let end = 0;
  for (let number = -1; number !== 0 && end < data.length; end += number) {
    number = readSync(file, data, end, data.length - end, null);
  }
  return end;
}

/** Opens a plain file; a link is not followed, a pipe not waited for. */
function withFile<T>(
  folder: string, name: string, absent: (name: string) => ScoringError, use: (file: number, size: number) => T,
): T {
  let file: number;
  try {
    file = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw isAbsent ? absent(name) : new ScoringError(ErrorCode.FILE_UNSAFE, "a plain file that can be read", name);
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) {
      throw new ScoringError(ErrorCode.FILE_UNSAFE, "a plain file", name);
    }
    return use(file, status.size);
  } finally {
    closeSync(file);
  }
}

function noManifest(name: string): ScoringError {
  return new ScoringError(ErrorCode.NO_BUNDLE, "a folder with a manifest", name);
}

function missing(name: string): ScoringError {
  return new ScoringError(ErrorCode.FILE_MISSING, "every file that the manifest lists", name);
}
