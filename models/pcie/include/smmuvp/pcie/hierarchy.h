// All functions of a host, and how requests find their way among them: docs/pcie.md.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/dma.h"
#include "smmuvp/pcie/endpoint.h"
#include "smmuvp/pcie/function.h"

namespace smmuvp::pcie {

struct HierarchyConfig {
  std::vector<FunctionInfo> functions;
  unsigned buses = 256;                ///< that the configuration space has, 1 to 256
  std::uint32_t stream_count = 65536;  ///< requester IDs that the host takes
  std::uint64_t mmio_base = 0;         ///< PCI address of the host's memory window
  AtsConfig ats = {};
};

/// Where a request goes.
struct Routed {
  enum class Way : std::uint8_t { Host, Peer, Unsupported, Blocked } way = Way::Unsupported;
  std::uint32_t requester_id = 0;
  const char* why = "";      ///< Unsupported, Blocked: by ACS, a Completer Abort
  std::size_t function = 0;  ///< Peer: index
  BarHit hit;                ///< Peer
};

/// Functions have the indices of HierarchyConfig::functions.
class Hierarchy {
 public:
  static constexpr std::uint32_t bus_bytes = 1U << 20;

  /// @throws ConfigError of "topology" if there are fewer buses than it needs
  Hierarchy(const HierarchyConfig& config, Diag& diag);

  // ---- the window `ecam`. Aligned accesses of 1, 2, 4 and 8 bytes; offset below buses * bus_bytes.
  std::uint64_t config_read(std::uint32_t offset, unsigned bytes);
  void config_write(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  std::uint64_t config_peek(std::uint32_t offset, unsigned bytes) const;

  // ---- the window `mmio`. `offset` from its start, length 1 to 4096.
  void memory_access(std::uint64_t offset, bool write, std::uint8_t* data, std::uint32_t length);
  /// @return whether anything is there
  bool memory_peek(std::uint64_t offset, std::uint8_t* data, std::uint32_t length) const;

  // ---- requests of an endpoint
  Routed route(std::size_t function, std::uint64_t address, std::uint32_t length,
               DmaAts type = DmaAts::None) const;
  /// Makes an access that route() sent to a peer.
  void peer_access(const Routed& to, bool write, std::uint8_t* data, std::uint32_t length);
  /// Tells the function, and whoever reads diagnostics, of a request that is unsupported.
  void refused(std::size_t function, const Routed& routed, std::uint64_t address, bool write);
  /// The endpoint that has a requester ID by the bus numbers of now; nullptr: no function has. A function
  /// that is none is told as a conventional endpoint would be.
  struct Addressee {
    bool exists = false;
    std::size_t function = 0;
  };
  Addressee addressee(std::uint32_t requester_id) const;

  /// The host has answered a request with an error.
  void target_aborted(std::size_t function) { m_functions[function]->set_aborted(false); }
  /// The host has answered a Translation Request as an unsupported one.
  void master_aborted(std::size_t function) { m_functions[function]->set_aborted(true); }

  /// nullptr: no endpoint
  Endpoint* endpoint(std::size_t function) { return m_endpoints[function].get(); }
  const Endpoint* endpoint(std::size_t function) const { return m_endpoints[function].get(); }
  const Function& function(std::size_t index) const { return *m_functions[index]; }
  std::size_t size() const { return m_functions.size(); }
  /// Bus, device and function as software numbers them now, for texts: "01:00.0".
  std::string name_of(std::size_t function) const;
  /// Levels of INTA to INTD of bus 0, in bits 0 to 3.
  unsigned intx() const;

  void reset();
  void visit(Archive& archive);

  struct Counters {
    std::uint64_t config_reads, config_writes, config_unsupported, memory_accesses, memory_unsupported,
        to_host, to_peers, unsupported;
  };
  const Counters& counters() const { return m_counters; }
  void count_to_host() { ++m_counters.to_host; }

 private:
  struct Down {
    std::size_t function;
    BarHit hit;
  };
  const Function& at(int index) const { return *m_functions[static_cast<std::size_t>(index)]; }
  /// The functions on the secondary bus of a bridge, or on bus 0, in order.
  const std::vector<int>& on_bus_of(int bridge) const {
    return m_on_bus[static_cast<std::size_t>(bridge) + 1];  // bus0 is -1
  }
  int find(std::uint32_t offset) const;
  std::optional<Down> decode(int bridge, std::uint64_t address, std::uint32_t length, int without,
                             int& deepest) const;
  std::uint32_t requester_id(int function) const;
  void reset_below(int bridge);
  Routed message(int function) const;
  Routed down(int bridge, std::uint64_t address, std::uint32_t length, int without,
              std::uint32_t requester) const;

  HierarchyConfig m_config;
  Diag& m_diag;
  std::vector<std::unique_ptr<Function>> m_functions;
  std::vector<std::unique_ptr<Endpoint>> m_endpoints;  // by function; nullptr for bridges
  std::vector<std::vector<int>> m_on_bus;              // by bridge + 1
  Counters m_counters{};
};

}  // namespace smmuvp::pcie
