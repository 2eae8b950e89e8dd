// Messages from the SMMU to devices with an Address Translation Cache (IHI 0070 3.9.1, 4.5).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// One message. Which fields count is told by its kind.
struct AtcMessage {
  enum class Kind : std::uint8_t { invalidate, page_response };
  /// Response Codes of PCIe (10.4.2.2), as of a page response.
  enum class Response : std::uint8_t { success = 0, invalid_request = 1, failure = 15 };

  Kind kind = Kind::invalidate;
  std::uint32_t StreamID = 0;
  std::uint32_t SubstreamID = 0;
  bool SSV = false;
  // ---- invalidate
  std::uint64_t Address = 0;     ///< aligned to the span
  std::uint8_t size_shift = 12;  ///< log2 of the span's bytes, 12 to 64
  bool Global = false;           ///< of all PASIDs; with SSV only
  // ---- page_response
  std::uint16_t PRGI = 0;
  Response response = Response::success;

  smmu::TimePs time = 0;    ///< when it was asked for
  std::uint16_t queue = 0;  ///< CommandQueueRegisters::number() of who asked
  bool own = false;         ///< nobody asked: the SMMU answers by itself, and `queue` is 0

  void visit(Archive& archive);
};

/// How the transport of a message ended.
enum class AtcMessageEnd : std::uint8_t {
  completed,  ///< the device has completed the invalidation, or has the response
  failed,     ///< no completion came in time
  no_device,  ///< there is no such device: it answers nothing, and need not (3.9.1.5)
};

/// Messages leave in the order in which they were asked for, one after the other: whoever carries them takes
/// the first by take(), and tells of its end. One of which no end is told within Structures::atc_timeout
/// since it was the first in line has timed out; so may one that a transport, which has not returned yet,
/// keeps from leaving. As a worker it keeps the time, and has no memory operations.
///
///     if (messages.departure() <= now) {
///       const auto message = messages.take(now);
///       ... carry it ...
///       messages.ended(message->number, end, time);
///     }
class AtcMessages : public smmu::Worker {
 public:
  using Number = std::uint64_t;
  struct Taken {
    Number number = 0;
    AtcMessage message;
  };

  /// @param queues  Command queues of the interface
  AtcMessages(const Parts& parts, const ProgrammingInterface& interface, unsigned queues)
      : m_parts(parts), m_interface(interface), m_askers(queues) {}

  /// Whether anybody carries messages: a port that a device or bus is bound to. Without, messages are
  /// IGNORED (4.5). Not saved: it is how the system is built.
  void connect(bool connected) { m_connected = connected; }
  bool connected() const { return m_connected; }

  // ---- who has something to say

  /// How many of one asker wait before it does: devices that answer nothing cost a bounded memory, and no
  /// queue keeps another from asking.
  static constexpr std::size_t capacity = 256;
  /// Whether a Command queue should send another.
  bool has_room(unsigned queue) const { return m_askers[queue].waiting < capacity; }
  /// Whether the SMMU should send another by itself. What it has begun whose end is a message it still sends.
  bool has_room() const { return m_own < capacity; }
  /// When the last message has made room.
  smmu::TimePs room_at() const { return m_time; }
  void send(const AtcMessage& message);
  /// Stands for all messages that a Command queue has asked for so far.
  Number barrier(unsigned queue) const { return m_askers[queue].last; }
  /// Whether those up to `barrier` have ended.
  bool done(Number barrier) const { return m_queue.empty() || m_front > barrier; }
  /// When the last one of the queue's that has ended did.
  smmu::TimePs done_at(unsigned queue) const { return m_askers[queue].time; }
  /// Whether an invalidation of the queue, up to `barrier`, has failed since this was last asked. To be asked
  /// when those are done().
  bool take_failure(Number barrier, unsigned queue);

  // ---- who carries messages

  /// When the first message leaves; none: there is none, or one is being carried.
  std::optional<smmu::TimePs> departure() const;
  /// Nothing where departure() is not yet.
  std::optional<Taken> take(smmu::TimePs now);
  /// Ignored, but that the next one may leave, for a message that has timed out or was dropped by a reset.
  void ended(Number number, AtcMessageEnd end, smmu::TimePs time);

  // ---- Worker: timeouts

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_op; }
  bool waiting() const override { return false; }
  void complete(const smmu::MemoryAnswer&) override {}

  /// Messages that wait, the one on its way included.
  const std::deque<AtcMessage>& pending() const { return m_queue; }

  void reset();
  /// One that is being carried is saved as one that is still to leave.
  void visit(Archive& archive);

 private:
  /// A Command queue whose commands are messages: a CMD_SYNC is about those of its own (4.7.3).
  struct Asker {
    Number last = 0;          // that it has asked for
    Number failed = 0;        // the first invalidation that failed, until a CMD_SYNC takes that; 0: none
    smmu::TimePs time = 0;    // when the last of them that has ended did
    std::size_t waiting = 0;  // of them, that have not ended
  };

  std::size_t& waiting(const AtcMessage& message);
  smmu::TimePs deadline() const;
  bool sane() const;
  void leave_queue(bool failed, smmu::TimePs time);

  Parts m_parts;
  const ProgrammingInterface& m_interface;
  smmu::MemoryOp m_op;  // none
  std::deque<AtcMessage> m_queue;
  Number m_front = 1;  // of the first in m_queue
  Number m_next = 1;   // of the next to be sent
  Number m_taken = 0;  // by the transport, if it is still of these
  std::vector<Asker> m_askers;
  std::size_t m_own = 0;    // in m_queue, that nobody asked for
  smmu::TimePs m_time = 0;  // when the last message ended
  bool m_carries = false;   // the transport has not told of its end: not saved
  bool m_connected = false;
};

}  // namespace smmuvp::smmuv3
