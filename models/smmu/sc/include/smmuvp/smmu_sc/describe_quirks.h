// What a device tree tells of the quirks that are on.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "smmuvp/base/quirks.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp::smmu {

/// Gives the node its `compatible`, with what quirks add before it, and their properties.
template <class Quirk>
void describe_quirks(DtNode& node, const QuirkSet<Quirk>& on, const std::vector<QuirkInfo>& infos,
                     DtNode::Strings compatible) {
  std::vector<const char*> properties;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (!on.has(static_cast<Quirk>(i))) continue;
    if (infos[i].compatible != nullptr) compatible.insert(compatible.begin(), infos[i].compatible);
    if (infos[i].property != nullptr) properties.push_back(infos[i].property);
  }
  node.strings("compatible", std::move(compatible));
  for (const char* property : properties) node.flag(property);
}

}  // namespace smmuvp::smmu
