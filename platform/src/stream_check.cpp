#include "stream_check.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::platform {

namespace {

/// StreamIDs: both ends belong to it.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

std::string text_of(const Range& r) {
  return r.first == r.last ? fmt::format("StreamID {:#x}", r.first)
                           : fmt::format("StreamIDs {:#x} to {:#x}", r.first, r.last);
}

/// A blob that fdt_check_full() has taken, or that libfdt has made.
class Tree {
 public:
  explicit Tree(const void* blob) : m_blob(blob) {}

  /// The node whose `reg` begins at an address of the CPU, below buses that translate none.
  std::optional<int> find(std::uint64_t address) const {
    int depth = 0;
    for (int node = fdt_next_node(m_blob, -1, &depth); node >= 0;
         node = fdt_next_node(m_blob, node, &depth)) {
      const int parent = depth > 0 ? fdt_parent_offset(m_blob, node) : -1;
      if (parent < 0) continue;
      const std::vector<std::uint32_t> reg = cells(node, "reg");
      const int size = fdt_address_cells(m_blob, parent);
      if (size < 1 || size > 2 || reg.size() < static_cast<std::size_t>(size)) continue;
      const std::uint64_t first = size == 2 ? std::uint64_t{reg[0]} << 32 | reg[1] : reg[0];
      if (first == address) return node;
    }
    return std::nullopt;
  }
  std::vector<std::uint32_t> cells(int node, const char* property) const {
    int bytes = 0;
    const auto* data = static_cast<const unsigned char*>(fdt_getprop(m_blob, node, property, &bytes));
    std::vector<std::uint32_t> result;
    for (int i = 0; data != nullptr && i + 4 <= bytes; i += 4) {
      result.push_back(std::uint32_t{data[i]} << 24 | std::uint32_t{data[i + 1]} << 16 |
                       std::uint32_t{data[i + 2]} << 8 | data[i + 3]);
    }
    return result;
  }
  std::uint32_t phandle(int node) const { return fdt_get_phandle(m_blob, node); }
  std::string path(int node) const {
    std::array<char, 256> buffer{};
    if (fdt_get_path(m_blob, node, buffer.data(), static_cast<int>(buffer.size())) != 0) return "its node";
    return printable(buffer.data());
  }
  /// Cells behind a phandle in `iommus`.
  std::size_t specifier_cells(std::uint32_t phandle) const { return count(phandle, "#iommu-cells", 1); }
  /// Cells behind a phandle in `mmu-masters`.
  std::size_t listed_cells(std::uint32_t phandle) const { return count(phandle, "#stream-id-cells", 0); }

 private:
  std::size_t count(std::uint32_t phandle, const char* property, std::size_t otherwise) const {
    const int node = fdt_node_offset_by_phandle(m_blob, phandle);
    const std::vector<std::uint32_t> found = node < 0 ? std::vector<std::uint32_t>() : cells(node, property);
    return found.size() == 1 ? found[0] : otherwise;
  }

  const void* m_blob;
};

std::optional<std::uint64_t> base_of(const Instance& instance) {
  if (instance.windows.empty()) return std::nullopt;
  return instance.windows.front().base;
}

/// StreamIDs of a node at an SMMU. @param any  set where the node names an IOMMU at all
std::vector<Range> streams_of(const Tree& tree, int node, std::uint32_t smmu, bool& any) {
  std::vector<Range> found;
  const std::vector<std::uint32_t> iommus = tree.cells(node, "iommus");
  for (std::size_t i = 0; i < iommus.size();) {
    const std::size_t size = tree.specifier_cells(iommus[i]);
    any = true;
    if (iommus[i] == smmu && size == 1 && i + 1 < iommus.size())
      found.push_back({iommus[i + 1], iommus[i + 1]});
    i += 1 + size;
  }
  // rid-base, phandle, iommu-base, length
  const std::vector<std::uint32_t> map = tree.cells(node, "iommu-map");
  for (std::size_t i = 0; i + 4 <= map.size(); i += 4) {
    any = true;
    if (map[i + 1] == smmu && map[i + 3] != 0)
      found.push_back({map[i + 2], std::uint64_t{map[i + 2]} + map[i + 3] - 1});
  }
  return found;
}

/// The same by `mmu-masters` of the SMMU, where that lists the node.
void add_listed(const Tree& tree, int node, int smmu, std::vector<Range>& found, bool& any) {
  const std::vector<std::uint32_t> list = tree.cells(smmu, "mmu-masters");
  for (std::size_t i = 0; i < list.size();) {
    const std::size_t size = tree.listed_cells(list[i]);
    if (list[i] != 0 && list[i] == tree.phandle(node)) {
      any = true;
      for (std::size_t k = 1; k <= size && i + k < list.size(); ++k)
        found.push_back({list[i + k], list[i + k]});
    }
    i += 1 + size;
  }
}

bool covers(const std::vector<Range>& ranges, std::uint64_t stream) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& r) { return r.first <= stream && stream <= r.last; });
}

void compare_tree(const Tree& tree, const Instance& device, std::vector<std::string>& to) {
  const Behind& b = *device.config->behind;
  const auto address = base_of(device);
  const auto smmu_address = base_of(*device.smmu);
  if (!address || !smmu_address) return;
  const auto node = tree.find(*address);
  const auto smmu = tree.find(*smmu_address);
  if (!node || !smmu) return;  // a guest that is not told of them does not use them
  bool any = false;
  // A host that is listed has the requester IDs below it, whatever its entry says.
  if (device.pci != nullptr && tree.cells(*node, "iommu-map").empty()) return;
  std::vector<Range> found = streams_of(tree, *node, tree.phandle(*smmu), any);
  add_listed(tree, *node, *smmu, found, any);
  if (!any) return;
  const Range wired{b.stream, std::uint64_t{b.stream} + b.count - 1};
  bool same = !found.empty();
  for (std::uint64_t stream = wired.first; stream <= wired.last; ++stream)
    same = same && covers(found, stream);
  const bool map = !tree.cells(*node, "iommu-map").empty();
  // A map may be of more devices than there are; what `iommus` names is this one's.
  for (const Range& r : found) same = same && (map || (r.first >= wired.first && r.last <= wired.last));
  if (same) return;
  std::string ids;
  for (const Range& r : found) ids += (ids.empty() ? "" : ", ") + text_of(r);
  to.push_back(
      fmt::format("{}: [{}] behind: the device has {} of [{}], but {} in the device tree has {}; {}, or mend "
                  "the device tree",
                  b.place.text(), device.config->name, text_of(wired), device.smmu->config->name,
                  tree.path(*node), found.empty() ? "none of that SMMU" : ids,
                  found.empty() ? "put it behind the other SMMU"
                                : fmt::format("set stream = {:#x}", found.front().first)));
}

const ParamSetting* setting(const Instance& instance, const std::string& name) {
  const auto& params = instance.config->params;
  const auto last =
      std::find_if(params.rbegin(), params.rend(), [&](const ParamSetting& s) { return s.name == name; });
  return last == params.rend() ? nullptr : &*last;
}

void compare_params(const Instance& device, std::vector<std::string>& to) {
  const Behind& b = *device.config->behind;
  const Range wired{b.stream, std::uint64_t{b.stream} + b.count - 1};
  const auto number = [](const Instance& of, const std::string& name) -> std::optional<std::uint64_t> {
    if (!of.params.has(name) || of.params.type(name) != ParamType::Uint) return std::nullopt;
    return of.params.uint(name);
  };
  const auto tell = [&](const Instance& of, const std::string& name, std::uint64_t expected) {
    const ParamSetting* given = setting(of, name);
    if (given == nullptr) return;
    to.push_back(fmt::format(
        "{}: [{}] {} is {:#x}, but [{}] is behind [{}] with {} ({}); set it to {:#x}, or leave it out",
        given->place.text(), of.config->name, name, *number(of, name), device.config->name,
        device.smmu->config->name, text_of(wired), b.place.text(), expected));
  };
  if (const auto base = number(device, "stream_base"); base && *base != b.stream)
    tell(device, "stream_base", b.stream);
  if (const auto count = number(device, "stream_count"); count && *count != b.count)
    tell(device, "stream_count", b.count);
  const std::string tbu = fmt::format("tbu{}_stream_id", b.tbu);
  if (const auto stream = number(*device.smmu, tbu);
      stream && (*stream < wired.first || *stream > wired.last))
    tell(*device.smmu, tbu, b.stream);
}

}  // namespace

std::vector<std::string> stream_mismatches(const System& system, const std::vector<std::uint8_t>& tree) {
  std::vector<std::string> found;
  const bool readable = !tree.empty() && fdt_check_full(tree.data(), tree.size()) == 0;
  for (const auto& instance : system.instances()) {
    if (!instance->config->behind || instance->smmu == nullptr) continue;
    compare_params(*instance, found);
    if (readable) compare_tree(Tree(tree.data()), *instance, found);
  }
  return found;
}

}  // namespace smmuvp::platform
