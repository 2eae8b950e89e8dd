#include "space.h"

namespace pcitest {
namespace {

constexpr unsigned kCommand = 0x04, kPrimary = 0x18, kMemoryBase = 0x20, kPrefBase = 0x24,
                   kPrefBaseUpper = 0x28, kPrefLimitUpper = 0x2c;

unsigned type_of(Kind kind) {
  switch (kind) {
    case Kind::root_port:
      return 4;
    case Kind::upstream:
      return 5;
    case Kind::downstream:
      return 6;
    case Kind::to_pci:
      return 7;
    case Kind::integrated:
      return 9;
    default:
      return 0;
  }
}

bool bridges(Kind kind) {
  return kind != Kind::endpoint && kind != Kind::conventional && kind != Kind::integrated;
}

bool in_window(const Function& f, std::uint64_t address) {
  if (!(f.get(kCommand, 2) & 2)) return false;
  const std::uint64_t base = (f.get(kMemoryBase, 2) & 0xfff0ULL) << 16;
  const std::uint64_t limit = (f.get(kMemoryBase + 2, 2) & 0xfff0ULL) << 16 | 0xfffff;
  if (base <= address && address <= limit) return true;
  std::uint64_t pbase = (f.get(kPrefBase, 2) & 0xfff0ULL) << 16;
  std::uint64_t plimit = (f.get(kPrefBase + 2, 2) & 0xfff0ULL) << 16 | 0xfffff;
  if (f.get(kPrefBase, 1) & 1) {
    pbase |= static_cast<std::uint64_t>(f.get(kPrefBaseUpper, 4)) << 32;
    plimit |= static_cast<std::uint64_t>(f.get(kPrefLimitUpper, 4)) << 32;
  }
  return pbase <= address && address <= plimit;
}

// Memory Space Enable of endpoints is their driver's business: BARs count as they will once it is set.
bool in_bar(const Function& f, std::uint64_t address) {
  for (unsigned i = 0; i < 6; i++) {
    const Bar& bar = f.bars[i];
    if (!bar.size) continue;
    std::uint64_t base = f.get(0x10 + 4 * i, 4) & ~0xfU;
    if (bar.is_64) base |= static_cast<std::uint64_t>(f.get(0x14 + 4 * i, 4)) << 32;
    if (base && address >= base && address - base < bar.size) return true;
  }
  return false;
}

void decode_on(const Bus& bus, std::uint64_t address, std::vector<const Function*>& out) {
  for (const auto& f : bus.functions) {
    if (in_bar(*f, address)) out.push_back(f.get());
    if (f->is_bridge() && in_window(*f, address)) decode_on(*f->below, address, out);
  }
}

void collect(Bus& bus, std::vector<Function*>& out) {
  for (auto& f : bus.functions) {
    out.push_back(f.get());
    if (f->below) collect(*f->below, out);
  }
}

}  // namespace

std::uint32_t Function::get(unsigned where, unsigned size) const {
  std::uint32_t v = 0;
  for (unsigned i = 0; i < size; i++) v |= static_cast<std::uint32_t>(value[where + i]) << (8 * i);
  return v;
}

void Function::put(unsigned where, unsigned size, std::uint32_t v) {
  for (unsigned i = 0; i < size; i++) {
    const std::uint8_t mask = writable[where + i], byte = static_cast<std::uint8_t>(v >> (8 * i));
    value[where + i] = static_cast<std::uint8_t>((value[where + i] & ~mask) | (byte & mask));
  }
}

void Function::allow(unsigned where, unsigned size, std::uint32_t mask) {
  for (unsigned i = 0; i < size; i++) writable[where + i] = static_cast<std::uint8_t>(mask >> (8 * i));
}

void Function::poke(unsigned where, unsigned size, std::uint32_t v) {
  for (unsigned i = 0; i < size; i++) value[where + i] = static_cast<std::uint8_t>(v >> (8 * i));
}

Function& add(Bus& bus, Kind kind, unsigned devfn, const Options& options) {
  bus.functions.push_back(std::make_unique<Function>());
  Function& f = *bus.functions.back();
  f.kind = kind;
  f.devfn = devfn;
  f.on = &bus;
  f.poke(0x00, 4, 0x10f01af4);
  f.allow(kCommand, 2, 0x547);
  f.poke(0x0a, 2, bridges(kind) ? 0x0604 : 0x0880);
  f.poke(0x0e, 1, (bridges(kind) ? 1U : 0U) | (options.multifunction ? 0x80U : 0U));
  f.poke(0x3d, 1, devfn % 4 + 1);
  if (bridges(kind)) {
    f.below = std::make_unique<Bus>();
    f.below->self = &f;
    f.allow(kPrimary, 4, 0xffffffff);
    // What an earlier user left: everything comes here.
    f.poke(kPrimary, 4, 0x40ff0100);
    f.allow(kMemoryBase, 4, 0xfff0fff0);
    f.allow(kPrefBase, 4, 0xfff0fff0);
    if (options.pref64) {
      f.poke(kPrefBase, 4, 0x00010001);
      f.allow(kPrefBaseUpper, 4, 0xffffffff);
      f.allow(kPrefLimitUpper, 4, 0xffffffff);
    }
  }
  if (f.is_express()) {
    f.poke(0x06, 2, 0x10);
    f.poke(0x34, 1, 0x40);
    f.poke(0x40, 4, 0x10U | (2U | type_of(kind) << 4) << 16);
  }
  if (options.acs_cap && f.is_express()) {
    f.acs = true;
    f.poke(0x100, 4, 0x0001000d);
    f.poke(0x104, 2, *options.acs_cap);
    f.allow(0x106, 2, *options.acs_cap & options.acs_sticks);
  }
  return f;
}

void add_bar(Function& f, unsigned index, const Bar& bar) {
  const std::uint64_t mask = ~(bar.size - 1);
  f.bars[index] = bar;
  f.poke(0x10 + 4 * index, 4, (bar.is_64 ? 4U : 0U) | (bar.prefetch ? 8U : 0U));
  f.allow(0x10 + 4 * index, 4, static_cast<std::uint32_t>(mask) & ~0xfU);
  if (bar.is_64) f.allow(0x14 + 4 * index, 4, static_cast<std::uint32_t>(mask >> 32));
}

// From each bridge to the bus that it claims, the lowest first.
Bus* Space::route(unsigned number) {
  Bus* bus = &m_root;
  unsigned at = m_first;
  while (at != number) {
    Function* next = nullptr;
    for (auto& f : bus->functions) {
      if (!f->is_bridge()) continue;
      const unsigned secondary = f->get(0x19, 1), subordinate = f->get(0x1a, 1);
      if (secondary && secondary <= number && number <= subordinate && (!next || f->devfn < next->devfn))
        next = f.get();
    }
    // A bridge that claims the bus it is on would go round for ever.
    if (!next || next->get(0x19, 1) <= at) return nullptr;
    bus = next->below.get();
    at = next->get(0x19, 1);
  }
  return bus;
}

Function* Space::find(unsigned bus, unsigned devfn) {
  Bus* b = route(bus);
  if (!b) return nullptr;
  for (auto& f : b->functions)
    if (f->devfn == devfn) return f.get();
  return nullptr;
}

std::uint32_t Space::read(unsigned bus, unsigned devfn, unsigned where, unsigned size) {
  requests++;
  const Function* f = find(bus, devfn);
  if (!f || (where >= 0x100 && !f->is_express())) return 0xffffffff >> (32 - 8 * size);
  return f->get(where, size);
}

void Space::write(unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value) {
  requests++;
  Function* f = find(bus, devfn);
  if (f && (where < 0x100 || f->is_express())) f->put(where, size, value);
}

std::vector<const Function*> Space::decode(std::uint64_t address) const {
  std::vector<const Function*> out;
  decode_on(m_root, address, out);
  return out;
}

std::vector<Function*> Space::all() {
  std::vector<Function*> out;
  collect(m_root, out);
  return out;
}

unsigned Space::number_of(const Bus& bus) const { return bus.self ? bus.self->get(0x19, 1) : m_first; }

host_config_space Space::interface() {
  return {this,
          [](void* self, unsigned bus, unsigned devfn, unsigned where, unsigned size) {
            return static_cast<Space*>(self)->read(bus, devfn, where, size);
          },
          [](void* self, unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value) {
            static_cast<Space*>(self)->write(bus, devfn, where, size, value);
          }};
}

}  // namespace pcitest
