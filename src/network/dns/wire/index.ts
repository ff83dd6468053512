/**
 * DNS packets, as far as the server reads and writes them: queries from containers, answers to them, and what
 * upstream servers say. Everything that comes in is hostile. Pure.
 */
export { type AnswerRecord, failure, writeAnswer, writeRefusal } from "./answer.ts";
export { CLASS_ANY, CLASS_IN, Rcode, RecordType, TCP_LIMIT } from "./message.ts";
export { parseQuery, type Query, type Refusal } from "./query.ts";
export { answersQuery, cutReply, isTruncated, rcodeOf } from "./upstream-reply.ts";
