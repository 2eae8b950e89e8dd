// One payload on its way through a TBU, as data: LT runs it, AT schedules it, debug runs it without effects.
#pragma once

#include <cstdint>
#include <memory>
#include <tlm>
#include <vector>

#include "smmuvp/smmu/access_object.h"
#include "smmuvp/smmu/splitter.h"
#include "smmuvp/smmu_sc/payload.h"
#include "smmuvp/tlm/access_extension.h"

namespace smmuvp::smmu {

/// How a transaction's parts are translated: by the SMMU that the TBU belongs to.
class Translator {
 public:
  virtual ~Translator() = default;
  /// Answers at once what hits, and changes nothing otherwise. @return whether `answer` holds.
  virtual bool translate_fast(const AccessRequest& request, AccessAnswer& answer) = 0;
  virtual std::unique_ptr<AccessObject> translate(const AccessRequest& request) = 0;
  /// An access to load a saved one into.
  virtual std::unique_ptr<AccessObject> blank() = 0;
};

/// Goes through the parts in order, until one is terminated or fails downstream, and leaves the payload as it
/// was but for data and response: TLM_OK_RESPONSE, TLM_ADDRESS_ERROR_RESPONSE for an access that the SMMU
/// aborted, or the response from downstream. A compare-and-swap cannot be cut: one that no single translation
/// covers, or with a streaming width below its length, gets TLM_BURST_ERROR_RESPONSE, a read or write without
/// data TLM_GENERIC_ERROR_RESPONSE. A Translation Request goes nowhere: it ends with its answer in the
/// payload's AtsExtension, and TLM_OK_RESPONSE. Earlier parts stay done. RAZ/WI gives TLM_OK_RESPONSE, and
/// zero for all data from the terminated part on.
///
///     while ((next = t.advance()) != Transaction::Next::finished) {
///       need: t.complete(memory(t.op())); stalled: wait; forward: send payload downstream, t.forwarded(time)
///     }
class Transaction {
 public:
  enum class Next : std::uint8_t {
    need,      ///< op() has to be carried out and answered by complete()
    stalled,   ///< waits; advance() again after the SMMU's progress
    waits,     ///< likewise, for another transaction that can wait for nobody
    forward,   ///< the payload is a part, translated: send it downstream, then forwarded()
    finished,  ///< the payload has its response
  };

  /// @param time  when it arrives. `payload` outlives this.
  Transaction(tlm::tlm_generic_payload& payload, const TransactionShape& shape, Translator& translator,
              TimePs time);
  /// One to load into. Has no payload before attach(): nothing else is called until then.
  explicit Transaction(Translator& translator);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Next advance();
  const MemoryOp& op() const { return m_access->op(); }
  void complete(const MemoryAnswer& answer) { m_access->complete(answer); }
  /// The part has come back, with its response in the payload. @param time  when
  void forwarded(TimePs time);
  /// Before a part is forwarded. @param injector  asked whether it is to be answered with an error instead;
  /// nullptr: it is not. @return whether it has been
  bool ends_by_injection(Injector* injector);
  /// Whether no part follows the one that is to be forwarded.
  bool last() const { return m_parts.done(); }
  /// The SMMU has been reset: ends it at `time`, or later if it has got further, as an access that the SMMU
  /// aborted. A part that is downstream must have come back.
  void abort(TimePs time);
  /// What advance() answered last; `need` too before it was asked, or after forwarded().
  Next next() const { return m_next; }
  /// Leaves the payload alone from now on, which may go away. Nothing but the end of this may follow.
  void detach() { m_payload = nullptr; }
  /// Whether op() waits for an answer.
  bool waits() const { return m_access && m_access->step() == Step::need; }
  /// The part that is to be forwarded is not: it is translated afresh from `time` on.
  void take_back(TimePs time);
  /// Saves or restores all but the payload.
  void visit(Archive& archive);
  /// After loading: the payload as it was at first, but for its data, of a shape that is the same() as
  /// shape(). It becomes what it was when this was saved, but for its response status. `payload` outlives
  /// this.
  void attach(tlm::tlm_generic_payload& payload, const TransactionShape& shape);
  /// When it has got as far as it has: of the answer, before `forward`; of the end, when it is finished.
  TimePs time() const { return m_time; }
  tlm::tlm_generic_payload& payload() { return *m_payload; }
  const AccessRequest& request() const { return m_shape.request; }
  const TransactionShape& shape() const { return m_shape; }

 private:
  void use(const AccessAnswer& answer);
  void prepare(const Part& part, const AccessAnswer& answer);
  void read_zero();
  void finish(tlm::tlm_response_status status);

  tlm::tlm_generic_payload* m_payload;
  TransactionShape m_shape;
  Translator& m_translator;
  SavedPayload m_saved;
  Splitter m_parts;
  TimePs m_time;
  Next m_next = Next::need;
  std::unique_ptr<AccessObject> m_access;
  Part m_part;  // that is to be forwarded, and its answer
  AccessAnswer m_answer;
  std::vector<unsigned char> m_enables;  // of a part
  AccessExtension m_own;                 // for a payload that has none
  AccessExtension* m_extension = nullptr;
  bool m_extended = false;  // m_own is set
  bool m_privileged = false;
  bool m_instruction = false;
};

}  // namespace smmuvp::smmu
