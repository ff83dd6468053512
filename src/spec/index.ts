/**
 * Documents of the outside world, without I/O. Vocabulary: a *reference* names an image (domain, path, tag, digest);
 * a *digest* names bytes; a *descriptor* points to a blob; a *manifest* lists one image's config and layers; an *index*
 * lists manifests by *platform*. The Engine API's bodies are in `api/`.
 */
export * from "./digest.ts";
export * from "./oci/index.ts";
export * from "./platform.ts";
export * from "./reference.ts";
