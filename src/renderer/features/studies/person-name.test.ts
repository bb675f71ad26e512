import { describe, expect, it } from 'vitest';
import { personName } from './person-name.ts';

describe('a person’s name', () => {
  it.each([
    ['Example^Maria^Gloria', 'Example, Maria Gloria'],
    ['Example^Maria', 'Example, Maria'],
    ['Example^^^Dr.', 'Example, Dr.'],
    ['EXAMPLE MARIA', 'EXAMPLE MARIA'],
    ['Yamada^Tarou=\u5c71\u7530^\u592a\u90ce', 'Yamada, Tarou'],
    ['=\u5c71\u7530^\u592a\u90ce', '\u5c71\u7530, \u592a\u90ce'],
    ['^^^^', ''],
    ['', ''],
  ])('%j reads as %j', (value, shown) => {
    expect(personName(value)).toBe(shown);
  });
});
