/** Places on the overview that a step leads to. */
export const placeIds = { thisPc: 'this-pc', destinations: 'destinations' } as const;
