// A hierarchy of PCI functions that answers configuration requests as Base 7.3.3 routes them, and the
// addresses that requests of memory would reach; written from the specifications, without the guest's
// sources.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host_pci.h"

namespace pcitest {

enum class Kind { endpoint, conventional, root_port, upstream, downstream, to_pci, pci_bridge, integrated };

struct Bus;

struct Bar {
  std::uint64_t size = 0;
  bool is_64 = false, prefetch = false;
};

// One function: its registers with the bits that can be written.
struct Function {
  Kind kind = Kind::endpoint;
  unsigned devfn = 0;
  Bus* on = nullptr;
  std::unique_ptr<Bus> below;
  std::array<std::uint8_t, 4096> value{}, writable{};
  std::array<Bar, 6> bars{};
  bool acs = false;

  [[nodiscard]] bool is_bridge() const { return below != nullptr; }
  [[nodiscard]] bool is_express() const { return kind != Kind::conventional && kind != Kind::pci_bridge; }
  [[nodiscard]] std::uint32_t get(unsigned where, unsigned size) const;
  void put(unsigned where, unsigned size, std::uint32_t v);
  void allow(unsigned where, unsigned size, std::uint32_t mask);
  void poke(unsigned where, unsigned size, std::uint32_t v);
};

struct Bus {
  Function* self = nullptr;  // nullptr: the host's
  std::vector<std::unique_ptr<Function>> functions;
};

// The registers of a function of a kind. acs_cap: the capability's bits, nullopt: it has none; acs_sticks:
// those that can be turned on.
struct Options {
  std::optional<unsigned> acs_cap;
  unsigned acs_sticks = 0x7f;
  bool multifunction = false;
  bool pref64 = true;  // of a bridge: its prefetchable window has 64 bits
};
Function& add(Bus& bus, Kind kind, unsigned devfn, const Options& options);
void add_bar(Function& f, unsigned index, const Bar& bar);

class Space {
 public:
  explicit Space(unsigned first_bus) : m_first(first_bus) {}
  Bus& root() { return m_root; }
  std::uint32_t read(unsigned bus, unsigned devfn, unsigned where, unsigned size);
  void write(unsigned bus, unsigned devfn, unsigned where, unsigned size, std::uint32_t value);
  // Who answers a memory request of the host at a PCI address; several: it is not for one alone.
  [[nodiscard]] std::vector<const Function*> decode(std::uint64_t address) const;
  Function* find(unsigned bus, unsigned devfn);
  [[nodiscard]] std::vector<Function*> all();
  [[nodiscard]] unsigned number_of(const Bus& bus) const;
  host_config_space interface();
  std::uint64_t requests = 0;

 private:
  Bus* route(unsigned bus);
  unsigned m_first;
  Bus m_root;
};

}  // namespace pcitest
