// VMSAv8-32 Short-descriptor format (DDI 0487 G5.4).
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {

void Walk::start_v7s(const WalkSetup& /*setup*/) { end_with(Stage::stage1, FaultKind::configuration, 0); }

void Walk::take_v7s(std::uint32_t /*descriptor*/) { end_with(Stage::stage1, FaultKind::configuration, 0); }

}  // namespace smmuvp::pgtable
