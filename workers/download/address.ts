/** Which IP addresses belong to the public internet, and which lead into somebody's own network. */
import { BlockList, isIP } from 'node:net'

/** IANA's special-purpose registries (RFC 6890 and its updates), multicast, and one cloud's metadata service. */
const SPECIAL: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // shared by carriers (CGNAT)
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // Azure's host, outside every special range
  ['169.254.0.0', 16], // link-local, with the metadata services
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
  ['::', 96], // unspecified, loopback, IPv4-compatible
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23], // Teredo and other protocol assignments
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7], // unique local
  ['fe80::', 10], // link-local
  ['fec0::', 10], // site-local
  ['ff00::', 8], // multicast
]

/** IPv6 networks that carry an IPv4 address inside: NAT64 (RFC 6052) in the last 32 bits, 6to4 (RFC 3056) after 16. */
const CARRIERS = [
  { network: '64:ff9b::', prefix: 96, group: 6 },
  { network: '2002::', prefix: 16, group: 1 },
] as const

let special: BlockList | undefined

/** Whether an address in any literal form, brackets and zone allowed, is on the public internet. A name is not an address: false. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const version = isIP(bare)
  if (version === 0) return false
  special ??= specialNetworks()
  // An IPv4-mapped address (::ffff:a.b.c.d) is matched against the IPv4 networks by BlockList itself.
  if (special.check(bare, version === 4 ? 'ipv4' : 'ipv6')) return false
  if (version === 4) return true
  const inner = carriedAddress(bare)
  return inner === undefined || isPublicAddress(inner)
}

function specialNetworks(): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of SPECIAL) list.addSubnet(network, prefix, isIP(network) === 4 ? 'ipv4' : 'ipv6')
  return list
}

function carriedAddress(address: string): string | undefined {
  for (const { network, prefix, group } of CARRIERS) {
    const list = new BlockList()
    list.addSubnet(network, prefix, 'ipv6')
    if (!list.check(address, 'ipv6')) continue
    const groups = groupsOf(address)
    const high = groups[group] ?? 0
    const low = groups[group + 1] ?? 0
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  return undefined
}

/** The eight 16-bit groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The URL parser writes every form, dotted quads included, as hexadecimal groups.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [left = '', right] = canonical.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = new Array<string>(8 - head.length - tail.length).fill('0')
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16))
}
