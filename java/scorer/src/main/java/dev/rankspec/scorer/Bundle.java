package dev.rankspec.scorer;

import dev.rankspec.serving.v1.BundleFile;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A bundle whose files are what its manifest says: those that were hashed stay open, and are what is used of it. */
final class Bundle implements Closeable {
  static final long MAX_BYTES = 64L << 30;
  private static final int MAX_MANIFEST_BYTES = 16 << 20;
  private static final int CHUNK = 1 << 26;

  private final Map<String, FileChannel> files = new HashMap<>();
  private BundleManifest manifest;
  private String digest;

  private Bundle() {}

  BundleManifest manifest() {
    return manifest;
  }

  /** Returns the SHA-256 of the manifest's bytes, in hexadecimal. */
  String digest() {
    return digest;
  }

  /** Maps a part of a file into memory, little-endian. */
  ByteBuffer content(String name, long offset, long size) throws IOException {
    ByteBuffer mapped = files.get(name).map(FileChannel.MapMode.READ_ONLY, offset, size);
    return mapped.order(ByteOrder.LITTLE_ENDIAN);
  }

  long size(String name) throws IOException {
    return files.get(name).size();
  }

  boolean has(String name) {
    return files.containsKey(name);
  }

  /** Returns a file's bytes. */
  byte[] bytes(String name, int maxBytes) throws ScoringException, IOException {
    long size = size(name);
    if (size > maxBytes) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_FILE_TOO_LARGE, name, maxBytes + " bytes at most");
    }
    byte[] data = new byte[(int) size];
    if (size > 0) {
      content(name, 0, size).get(data);
    }
    return data;
  }

  /** Reads a bundle, and looks at everything but what its model computes. */
  static Bundle read(Path folder, String expectDigest, long maxBytes) throws ScoringException {
    Bundle bundle = new Bundle();
    try {
      bundle.readFolder(folder, expectDigest, maxBytes);
    } catch (ScoringException | RuntimeException e) {
      bundle.close();
      throw e;
    }
    return bundle;
  }

  @Override
  public void close() {
    for (FileChannel file : files.values()) {
      try {
        file.close();
      } catch (IOException e) {
        // It was only read: nothing is lost.
        continue;
      }
    }
  }

  private void readFolder(Path folder, String expectDigest, long maxBytes) throws ScoringException {
    Set<String> there = namesIn(folder);
    byte[] data = manifestBytes(folder);
    digest = HexFormat.of().formatHex(sha256().digest(data));
    if (expectDigest != null && !digest.equals(expectDigest)) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_DIGEST_MISMATCH, Manifests.FILE, "the manifest of that digest");
    }
    manifest = Manifests.parsed(data);
    checkNames(there);
    long left = maxBytes;
    for (BundleFile file : manifest.getFilesList()) {
      if (file.getSize() > left) {
        throw ScoringException.of(
            ErrorCode.ERROR_CODE_FILE_TOO_LARGE, "", "files of " + maxBytes + " bytes together at most");
      }
      left -= file.getSize();
    }
    for (BundleFile file : manifest.getFilesList()) {
      openListed(folder, file);
    }
  }

  private static Set<String> namesIn(Path folder) throws ScoringException {
    if (!Files.isDirectory(folder)) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_NO_BUNDLE, "", "a folder that can be read");
    }
    try (Stream<Path> paths = Files.list(folder)) {
      return Set.copyOf(paths.map(path -> path.getFileName().toString()).toList());
    } catch (IOException e) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_NO_BUNDLE, "", "a folder that can be read", e);
    }
  }

  private static byte[] manifestBytes(Path folder) throws ScoringException {
    try (FileChannel file = opened(folder, Manifests.FILE)) {
      if (file.size() > MAX_MANIFEST_BYTES) {
        throw ScoringException.of(
            ErrorCode.ERROR_CODE_FILE_TOO_LARGE, Manifests.FILE, MAX_MANIFEST_BYTES + " bytes at most");
      }
      ByteBuffer data = ByteBuffer.allocate((int) file.size());
      while (data.hasRemaining() && file.read(data) >= 0) {
        continue;
      }
      return data.array();
    } catch (NoSuchFileException e) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_NO_BUNDLE, Manifests.FILE, "a folder with a manifest", e);
    } catch (IOException e) {
      throw unsafe(Manifests.FILE, e);
    }
  }

  /** Makes sure that the folder has the listed files and no others. */
  private void checkNames(Set<String> there) throws ScoringException {
    Set<String> listed = Set.copyOf(manifest.getFilesList().stream().map(BundleFile::getName).toList());
    for (String name : inOrder(there)) {
      if (!listed.contains(name) && !name.equals(Manifests.FILE)) {
        throw ScoringException.of(
            ErrorCode.ERROR_CODE_FILE_UNLISTED, name, "files that the manifest lists, and no others");
      }
    }
    for (String name : inOrder(listed)) {
      if (!there.contains(name)) {
        throw missing(name, null);
      }
    }
  }

  private static List<String> inOrder(Set<String> names) {
    return names.stream().sorted(Manifests.BY_BYTES).toList();
  }

  /** Opens a file whose size and hash are as listed. */
  private void openListed(Path folder, BundleFile listed) throws ScoringException {
    String name = listed.getName();
    try {
      FileChannel file = opened(folder, name);
      files.put(name, file);
      if (file.size() != listed.getSize()) {
        throw ScoringException.of(ErrorCode.ERROR_CODE_FILE_SIZE, name, listed.getSize() + " bytes");
      }
      MessageDigest hash = sha256();
      for (long start = 0; start < listed.getSize(); start += CHUNK) {
        hash.update(content(name, start, Math.min(CHUNK, listed.getSize() - start)));
      }
      if (!HexFormat.of().formatHex(hash.digest()).equals(listed.getSha256())) {
        throw ScoringException.of(ErrorCode.ERROR_CODE_FILE_HASH, name, "the SHA-256 that the manifest says");
      }
    } catch (NoSuchFileException e) {
      throw missing(name, e);
    } catch (IOException e) {
      throw unsafe(name, e);
    }
  }

  /** Opens a plain file; a link is not followed, and a pipe is not opened, since that would wait. */
  private static FileChannel opened(Path folder, String name) throws IOException, ScoringException {
    Path path = folder.resolve(name);
    if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isRegularFile()) {
      throw unsafe(name, null);
    }
    return FileChannel.open(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static ScoringException unsafe(String name, Throwable cause) {
    return ScoringException.of(ErrorCode.ERROR_CODE_FILE_UNSAFE, name, "a plain file that can be read", cause);
  }

  private static ScoringException missing(String name, Throwable cause) {
    return ScoringException.of(ErrorCode.ERROR_CODE_FILE_MISSING, name, "every file that the manifest lists", cause);
  }
}
