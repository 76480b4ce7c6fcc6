package dev.rankspec;

import com.google.protobuf.Message;

/**
 * A config as it was read.
 *
 * @param places where its fields stand
 */
record Source<M extends Message>(M message, Places places) {}
