// An SMMU's own operations by nb_transport.
#pragma once

#include <functional>
#include <memory>
#include <tlm>
#include <unordered_map>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu_sc/at_requester.h"
#include "smmuvp/smmu_sc/payload.h"

namespace smmuvp::smmu {

/// Carries out any number of operations at a time, each from its op.time on. Payloads are pooled.
class AtWalks : public tlm::tlm_mm_interface {
 public:
  /// The answer is there; its time may lie ahead.
  using Done = std::function<void(const MemoryAnswer& answer)>;

  /// Sees a payload before it is sent. @param client  for whose access
  using Tag = std::function<void(OpPayload& payload, const MemoryOp& op, const AccessRequest& client)>;
  /// Injects faults into one that is to be sent. @return how much later it is
  using Inject = std::function<TimePs(OpPayload& payload, const MemoryOp& op, const AccessRequest& client)>;

  AtWalks(const Supply& supply, ForwardPort& socket, Tag tag, Inject inject);
  ~AtWalks() override = default;
  AtWalks(const AtWalks&) = delete;
  AtWalks& operator=(const AtWalks&) = delete;

  struct Walk;

  /// @return what visit() and drop() know it by, until `done` is called
  Walk* send(const MemoryOp& op, const AccessRequest& client, Done done);
  /// A reset: what has not been sent never is, and answers to the rest are dropped.
  void drop();
  /// Likewise of one.
  void drop(Walk& walk);
  /// The system's state is about to be loaded: drop(), and the socket is free.
  void forget();
  /// Saves or restores what all of them share. Loading comes after forget().
  void visit(Archive& archive) { m_requester.visit(archive); }
  /// Saves or restores one, after visit(). @param op, client  as it was sent
  void visit(Archive& archive, Walk*& walk, const MemoryOp& op, const AccessRequest& client, Done done);
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) {
    return m_requester.nb_transport_bw(payload, phase, delay);
  }

 private:
  Walk& take(const MemoryOp& op, const AccessRequest& client, Done done);
  void answered(const tlm::tlm_generic_payload& payload, TimePs at);
  void free(tlm::tlm_generic_payload* payload) override;

  Tag m_tag;
  Inject m_inject;
  AtRequester m_requester;
  std::vector<std::unique_ptr<Walk>> m_walks;  // all, in the order of their making
  std::unordered_map<const tlm::tlm_generic_payload*, Walk*> m_by_payload;
  std::vector<Walk*> m_free;
};

struct AtWalks::Walk {
  OpPayload op;
  unsigned size = 0;
  Done done;  // none: dropped
};

}  // namespace smmuvp::smmu
