/**
 * RankSpec in TypeScript: the messages of the spec, as protobuf-es classes.
 *
 * Other files of the spec are imported by their own path, `@rankspec/rankspec/gen/rankspec/…_pb.js`.
 */
export * from "./gen/rankspec/recap/v1/recap_pb.js";
export * from "./gen/rankspec/twhin/v1/twhin_pb.js";
