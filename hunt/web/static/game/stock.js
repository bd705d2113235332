// The remaining stock of limited prizes.

export const isSoldOut = (prize) => prize.stock_left === 0;
