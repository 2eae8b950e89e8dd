#include "stubs.h"

namespace smmuvp::platform {

SilentInitiator::SilentInitiator(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
  socket.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
}

}  // namespace smmuvp::platform
