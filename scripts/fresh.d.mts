export declare const root: string;
export declare function requireNode(version?: string): void;
export declare function ensureInstalled(say: (line: string) => void): Promise<void>;
export declare function ensureBuilt(say: (line: string) => void): Promise<void>;
