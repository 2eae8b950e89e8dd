#include "smmuvp/tlm/plugin.h"

#include <gtest/gtest.h>

#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/compare_swap_extension.h"

// libsystemc brings a main() that wants one of these; the tests' own main() comes first in the link.
int sc_main(int, char**) { return 0; }

namespace smmuvp {
namespace {

const ComponentType* no_types(std::size_t* count) {
  *count = 0;
  return nullptr;
}

TEST(PluginAbi, EqualRecordsAgree) {
  EXPECT_EQ(compare_abi(make_plugin_abi("a", no_types), make_plugin_abi("b", no_types)), "");
}

TEST(PluginAbi, EachFieldIsCompared) {
  const PluginAbi ours = make_plugin_abi("", no_types);
  PluginAbi other = ours;
  other.magic[0] = 'X';
  EXPECT_NE(compare_abi(other, ours), "");
  for (std::uint32_t PluginAbi::*field : {&PluginAbi::abi, &PluginAbi::systemc, &PluginAbi::cxx_level,
                                          &PluginAbi::libstdcxx_abi, &PluginAbi::pointer_bytes}) {
    other = ours;
    other.*field += 1;
    EXPECT_NE(compare_abi(other, ours), "");
  }
  other = ours;
  other.size -= 1;
  EXPECT_NE(compare_abi(other, ours), "");
}

TEST(AccessExtension, IsCarriedByAPayloadAndCloned) {
  tlm::tlm_generic_payload payload;
  AccessExtension extension;
  extension.stream_id = 0x100;
  payload.set_extension(&extension);
  EXPECT_EQ(payload.get_extension<AccessExtension>()->stream_id, 0x100U);
  EXPECT_EQ(payload.get_extension<CompareSwapExtension>(), nullptr);
  auto* clone = static_cast<AccessExtension*>(extension.clone());
  EXPECT_EQ(clone->stream_id, 0x100U);
  delete clone;
  payload.clear_extension(&extension);
}

}  // namespace
}  // namespace smmuvp
