// Between sockets of two widths.
#pragma once
#include <systemc>
#include <tlm>

namespace smmuvp {

/// Passes everything on, both ways and unchanged: transactions of both styles, debug accesses, DMI and its
/// withdrawal. The width of a socket is its type; payloads carry lengths. So an SMMU whose sockets have
/// BUSWIDTH bits has one TBU of 128 bits and another of 32:
///
///     WidthAdapter<128, 64> in{"in"};    // master of 128 bits -> in.in, in.out -> smmu.tbu_in[0]
///     WidthAdapter<64, 128> out{"out"};  // smmu.tbu_out[0] -> out.in, out.out -> bus of 128 bits
///
/// It takes no time, and cuts nothing into beats.
template <unsigned IN, unsigned OUT>
class WidthAdapter : public sc_core::sc_module,
                     private tlm::tlm_fw_transport_if<>,
                     private tlm::tlm_bw_transport_if<> {
 public:
  explicit WidthAdapter(const sc_core::sc_module_name& name) : sc_core::sc_module(name) {
    in.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    out.bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
  }

  tlm::tlm_target_socket<IN> in{"in"};
  tlm::tlm_initiator_socket<OUT> out{"out"};

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override {
    out->b_transport(payload, delay);
  }
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return out->nb_transport_fw(payload, phase, delay);
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return in->nb_transport_bw(payload, phase, delay);
  }
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) override { return out->transport_dbg(payload); }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override {
    return out->get_direct_mem_ptr(payload, dmi);
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) override {
    in->invalidate_direct_mem_ptr(start, end);
  }
};

}  // namespace smmuvp
