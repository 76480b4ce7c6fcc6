/**
 * Reads the config of a ranking model, checks it, fills in its defaults and identifies it, each as every
 * other language of RankSpec does.
 *
 * <p>{@link dev.rankspec.ConfigLoader} is where to begin. The messages themselves are generated; they live
 * in packages such as {@code dev.rankspec.recap.v1}.
 */
package dev.rankspec;
