// The text of this file is given by test/guards/house.test.ts: rules with type information need a file that exists.
export {};
