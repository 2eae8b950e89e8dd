// Sockets as their modules call them, whatever their width.
#pragma once

#include <systemc>
#include <tlm>

namespace smmuvp::smmu {

/// An initiator socket's way forward.
using ForwardPort = sc_core::sc_port<tlm::tlm_fw_transport_if<>>;
/// A target socket's way back.
using BackwardPort = sc_core::sc_port_b<tlm::tlm_bw_transport_if<>>;

}  // namespace smmuvp::smmu
