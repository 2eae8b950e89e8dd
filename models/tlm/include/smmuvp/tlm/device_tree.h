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

  const std::string& name() const { return m_name; }
  const std::vector<Property>& properties() const { return m_properties; }
  const std::vector<DtNode>& children() const { return m_children; }

 private:
  std::string m_name;
  std::vector<Property> m_properties;
  std::vector<DtNode> m_children;
};

}  // namespace smmuvp
