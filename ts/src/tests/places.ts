/** Where tests find what they read. */
import { fileURLToPath } from "node:url";

export const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
export const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
