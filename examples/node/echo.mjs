// An ordinary Lambda handler: what comes in, and how long it is.

export const handler = async ({ text }) => ({ text, length: [...text].length });
