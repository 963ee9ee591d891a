import type { SignOptions } from "./index.js";

/** The URL with its signature, without waiting. For Node only: the root entry signs everywhere. */
export declare function signUrlSync(url: string, key: string, options?: SignOptions): string;
