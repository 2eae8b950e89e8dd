// The hierarchy that the parameter `topology` names: docs/pcie.md, Topology.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace smmuvp::pcie {

enum class Kind : std::uint8_t {
  Endpoint,
  RootPort,
  UpstreamPort,
  DownstreamPort,
  ExpressToPciBridge,
  PciBridge,  ///< conventional on both sides
};

/// One function and where it stands; which bus numbers lead there is software's choice.
struct FunctionInfo {
  static constexpr int bus0 = -1;

  Kind kind = Kind::Endpoint;
  bool acs = false;            ///< has the ACS capability
  bool multifunction = false;  ///< one of several of its device
  std::uint8_t device = 0;     ///< 0 to 31
  std::uint8_t function = 0;   ///< 0 to 7
  int parent = bus0;           ///< index of the bridge whose secondary bus it is on
  bool conventional = false;   ///< on a conventional bus: no PCI Express capability, 256 bytes

  // ---- of endpoints; of ports, whether one below has it
  bool ats = false;
  std::uint8_t pasid_bits = 0;   ///< Max PASID Width; 0: no PASID capability
  bool pri = false;              ///< Page Request capability
  bool pri_takes_pasid = false;  ///< PRG Response PASID Required

  bool is_bridge() const { return kind != Kind::Endpoint; }
  /// The bus below it is a conventional one.
  bool is_conventional_bus() const { return kind == Kind::ExpressToPciBridge || kind == Kind::PciBridge; }
};

/// Functions in the order of the text, a bridge before what is behind it; those of one bus in the order of
/// their device and function numbers.
/// @throws ConfigError of the parameter "topology", with what was wrong and where
std::vector<FunctionInfo> parse_topology(std::string_view text);

/// Buses that software needs for all of them, bus 0 included.
unsigned buses_of(const std::vector<FunctionInfo>& functions);

}  // namespace smmuvp::pcie
