package scorer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"golang.org/x/sys/unix"
)

const (
	maxManifestBytes = 16 << 20
	maxBundleBytes   = 64 << 30
)

// bundle is a bundle whose files are what its manifest says.
type bundle struct {
	manifest *servingv1.BundleManifest
	// digest is the SHA-256 of the manifest's bytes, in hexadecimal.
	digest string
	// contents are the files' bytes by name, mapped into memory, and the very ones that were hashed.
	contents map[string][]byte
}

// readBundle reads a bundle, and looks at everything but what its model computes.
func readBundle(folder string, expectDigest *string, maxBytes int64) (*bundle, error) {
	// Held open, so that all files are those of one folder whatever is renamed meanwhile.
	descriptor, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_NO_BUNDLE, "", "a folder that can be read")
	}
	place := os.NewFile(uintptr(descriptor), folder)
	defer place.Close()
	data, err := readManifest(place)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	read := &bundle{digest: hex.EncodeToString(sum[:]), contents: map[string][]byte{}}
	if expectDigest != nil && read.digest != *expectDigest {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_DIGEST_MISMATCH, manifestFile, "the manifest of that digest")
	}
	if read.manifest, err = parseManifest(data); err != nil {
		return nil, err
	}
	if err := checkFolder(place, read.manifest, maxBytes); err != nil {
		return nil, err
	}
	for _, file := range read.manifest.GetFiles() {
		content, err := mapFile(place, file)
		if err != nil {
			read.release()
			return nil, err
		}
		read.contents[file.GetName()] = content
	}
	return read, nil
}

// release unmaps the files; their bytes must not be used any more.
func (b *bundle) release() {
	for _, content := range b.contents {
		if len(content) > 0 {
			_ = unix.Munmap(content) // It fails only for what was never mapped.
		}
	}
	b.contents = nil
}

func readManifest(place *os.File) ([]byte, error) {
	file, err := openPlain(place, manifestFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_NO_BUNDLE, manifestFile, "a folder with a manifest")
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// One byte more tells a file that is too large, even if it grows while it is read.
	data, err := io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
	if err != nil {
		return nil, unsafeFile(manifestFile)
	}
	if len(data) > maxManifestBytes {
		return nil, tooLarge(manifestFile, maxManifestBytes)
	}
	return data, nil
}

// checkFolder makes sure that the folder has the listed files and no others, and that they are not too large.
func checkFolder(place *os.File, manifest *servingv1.BundleManifest, maxBytes int64) error {
	there, err := place.Readdirnames(-1)
	if err != nil {
		return refused(servingv1.ErrorCode_ERROR_CODE_NO_BUNDLE, "", "a folder that can be read")
	}
	slices.Sort(there)
	var listed []string
	for _, file := range manifest.GetFiles() {
		listed = append(listed, file.GetName())
	}
	slices.Sort(listed)
	for _, name := range there {
		if _, found := slices.BinarySearch(listed, name); !found && name != manifestFile {
			return refused(servingv1.ErrorCode_ERROR_CODE_FILE_UNLISTED, name, "files that the manifest lists, and no others")
		}
	}
	for _, name := range listed {
		if _, found := slices.BinarySearch(there, name); !found {
			return missingFile(name)
		}
	}
	left := maxBytes
	for _, file := range manifest.GetFiles() {
		if file.GetSize() > left {
			return refused(servingv1.ErrorCode_ERROR_CODE_FILE_TOO_LARGE, "", "files of %d bytes together at most", maxBytes)
		}
		left -= file.GetSize()
	}
	return nil
}

// mapFile maps a file whose size and hash are as listed.
func mapFile(place *os.File, listed *servingv1.BundleFile) ([]byte, error) {
	name := listed.GetName()
	file, err := openPlain(place, name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, missingFile(name)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	status, err := file.Stat()
	if err != nil {
		return nil, unsafeFile(name)
	}
	if status.Size() != listed.GetSize() {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_FILE_SIZE, name, "%d bytes", listed.GetSize())
	}
	var content []byte
	if listed.GetSize() > 0 { // An empty file cannot be mapped.
		content, err = unix.Mmap(int(file.Fd()), 0, int(listed.GetSize()), unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return nil, unsafeFile(name)
		}
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != listed.GetSha256() {
		if len(content) > 0 {
			_ = unix.Munmap(content)
		}
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_FILE_HASH, name, "the SHA-256 that the manifest says")
	}
	return content, nil
}

// openPlain opens a plain file of the folder; a link is not followed, a pipe not waited for. Its error is
// [os.ErrNotExist] if there is none, and an [Error] otherwise.
func openPlain(place *os.File, name string) (*os.File, error) {
	flags := unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	descriptor, err := unix.Openat(int(place.Fd()), name, flags, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, os.ErrNotExist
	}
	if err != nil {
		return nil, unsafeFile(name)
	}
	file := os.NewFile(uintptr(descriptor), name)
	status, err := file.Stat()
	if err != nil || !status.Mode().IsRegular() {
		file.Close()
		return nil, unsafeFile(name)
	}
	return file, nil
}

func unsafeFile(name string) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_FILE_UNSAFE, name, "a plain file that can be read")
}

func missingFile(name string) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_FILE_MISSING, name, "every file that the manifest lists")
}

func tooLarge(name string, most int64) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_FILE_TOO_LARGE, name, "%d bytes at most", most)
}
