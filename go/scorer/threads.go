package scorer

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// availableThreads returns how many threads can run at once, at least 1: what the container may use, not what the machine
// has. Quotas are looked for below groups, where Linux has /sys/fs/cgroup.
func availableThreads(groups string) int {
	cores := runtime.NumCPU()
	if quota, limited := quotaOf(groups); limited {
		cores = min(cores, int(quota))
	}
	return max(1, cores)
}

// quotaOf returns the processors' worth of time that the container gets, and whether that is limited.
func quotaOf(groups string) (float64, bool) {
	words := readWords(filepath.Join(groups, "cpu.max"))
	if len(words) != 2 {
		words = append(readWords(filepath.Join(groups, "cpu/cpu.cfs_quota_us")),
			readWords(filepath.Join(groups, "cpu/cpu.cfs_period_us"))...)
	}
	if len(words) != 2 {
		return 0, false
	}
	// Without a limit the first is no number, or below 0.
	allowed, noNumber := strconv.ParseInt(words[0], 10, 64)
	period, noPeriod := strconv.ParseInt(words[1], 10, 64)
	if noNumber != nil || noPeriod != nil || allowed <= 0 || period <= 0 {
		return 0, false
	}
	return float64(allowed) / float64(period), true
}

func readWords(path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}
