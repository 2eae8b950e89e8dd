// A device-tree node as a component describes it; the platform turns it into a blob.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace smmuvp {

/// What a component says of itself in the device tree: what it is, never where it is. The platform adds the
/// unit address, reg, interrupts, interrupt-names, iommus and phandles from the configuration's wiring.
/// Interrupts stand in the order of ports(); `#global-interrupts` says how many LineOuts, the first ones, are
/// global, and becomes the number of those that are wired.
class DtNode {
 public:
  struct Empty {};
  using Cells = std::vector<std::uint32_t>;
  using Strings = std::vector<std::string>;
  struct Property {
    std::string name;
    std::variant<Empty, Cells, Strings> value;
  };

  /// @param name  generic node name, for example "iommu"
  explicit DtNode(std::string name) : m_name(std::move(name)) {}

  void set_name(std::string name) { m_name = std::move(name); }
  void flag(std::string name) { m_properties.push_back({std::move(name), Empty{}}); }
  void cells(std::string name, Cells value) { m_properties.push_back({std::move(name), std::move(value)}); }
  void strings(std::string name, Strings value) {
    m_properties.push_back({std::move(name), std::move(value)});
  }
  /// A child node; references stay valid until the next call of child().
  DtNode& child(std::string name) { return m_children.emplace_back(std::move(name)); }

  // ---- Parts of a component that are devices of their own, with registers in its windows.

  /// A node beside this one. It gets reg by reg(), and interrupts by interrupt(); with the empty property
  /// msi-parent also that. Where neither is wired it is left out, for nothing could tell of it. References
  /// stay valid until the next call of beside().
  DtNode& beside(std::string name) { return m_beside.emplace_back(std::move(name)); }
  /// Of a node beside another: bytes of the window of a port.
  struct Reg {
    std::string port;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  void reg(std::string port, std::uint64_t offset, std::uint64_t size) {
    m_regs.push_back({std::move(port), offset, size});
  }
  /// Of a node beside another: whose interrupt is the line of that port, and not one of the other's.
  void interrupt(std::string port) { m_interrupts.push_back(std::move(port)); }
  const std::vector<DtNode>& nodes_beside() const { return m_beside; }
  const std::vector<Reg>& regs() const { return m_regs; }
  const std::vector<std::string>& interrupt_ports() const { return m_interrupts; }

  const std::string& name() const { return m_name; }
  const std::vector<Property>& properties() const { return m_properties; }
  const std::vector<DtNode>& children() const { return m_children; }

 private:
  std::string m_name;
  std::vector<Property> m_properties;
  std::vector<DtNode> m_children;
  std::vector<DtNode> m_beside;
  std::vector<Reg> m_regs;
  std::vector<std::string> m_interrupts;
};

}  // namespace smmuvp
