/** As much of XML as Azure's answers need: the text of an element, and the elements of a list. */

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text as it was before it was written as XML. */
const plain = (xml: string): string =>
  xml.replace(/&(#?\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(Number(name.replace('#', '').replace(/^x/i, '0x')));
  });

/** The text of the first element of a name; undefined where there is none. */
export function textIn(xml: string, name: string): string | undefined {
  const [, attributes = '', found] = new RegExp(`<${name}( [^>]*)?>([^<]*)</${name}>`).exec(xml) ?? [];
  if (found === undefined) return undefined;
  // What XML cannot hold is written as in URLs.
  return attributes.includes('Encoded="true"') ? decodeURIComponent(plain(found)) : plain(found);
}

/** What is within each element of a name; elements of the same name are not within each other. */
export const elementsIn = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, within = '']) => within);
