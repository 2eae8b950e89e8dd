// The process of an endpoint, for the files of the component.
#pragma once
#include "smmuvp/pcie/pcie.h"

namespace smmuvp {

/// The process that makes an endpoint's requests. They come back to the host, which knows where they go.
struct Pcie::Master : sc_core::sc_module, DmaClient {
  Master(const sc_core::sc_module_name& name, Pcie& host, std::size_t index)
      : sc_core::sc_module(name),
        owner(host),
        function(index),
        out("out"),
        in("in"),
        process("process", out, *this) {
    in.register_b_transport(this, &Master::transport);
    out.bind(in);
  }
  pcie::Endpoint& endpoint() { return *owner.m_hierarchy.endpoint(function); }

  void transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    owner.request_transport(*this, payload, delay);
  }
  bool next_operation(DmaOperation& operation, DmaBuffer& data) override {
    const bool any = endpoint().next(operation, data);
    owner.settle();
    return any;
  }
  std::uint64_t operation_ps(const DmaOperation& operation) const override {
    return transfer_ps(operation.length, owner.m_bytes_per_us);
  }
  void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) override {
    endpoint().complete(operation, response, data);
    changed.notify(sc_core::SC_ZERO_TIME);
    owner.settle();
  }

  Pcie& owner;
  std::size_t function;
  unsigned invalidating = 0;  // Invalidate Requests that have been taken, and not completed
  sc_core::sc_event changed;  // an operation or an invalidation has ended
  DmaSocket out;
  tlm_utils::simple_target_socket<Master, platform_buswidth> in;
  DmaMaster process;
};

}  // namespace smmuvp
