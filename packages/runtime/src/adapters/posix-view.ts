export function posixView(): never { throw new Error('pending'); }
