// One elaboration that cannot start.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/component.h"

namespace smmuvp {
namespace {

struct Empty : Component {
  Empty(const sc_core::sc_module_name& name, Host& host) : Component(name, "empty", Params({}), host) {}
  const std::vector<Port>& ports() const override { return no_ports; }
  void visit(Archive&) override {}
  std::vector<Port> no_ports;
};

TEST(LostHost, SimulationDoesNotStartWithAComponentWhoseHostIsGone) {
  auto host = std::make_unique<test::CapturingHost>();
  Empty component("component", *host);
  host.reset();
  try {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    FAIL() << "it has started";
  } catch (const sc_core::sc_report& report) {
    EXPECT_STREQ(
        report.get_msg(),
        "component (empty): its host has been destroyed; a Host outlives the components that it is given to");
    EXPECT_STREQ(report.get_msg_type(), "/smmu-vp/component (empty)");
    EXPECT_STREQ(report.get_file_name(), "smmuvp/tlm/host.h") << "no path of who compiled it";
  }
}

}  // namespace
}  // namespace smmuvp
