// The PRI queue: page requests of devices wait in order, and are recorded, or answered, one after the other
// (IHI 0070 chapter 8).
#pragma once

#include <deque>
#include <optional>

#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/config_fetch.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/page_request.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/record_writer.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// That of a Secure programming interface is never enabled: requests of Secure streams are answered with
/// Response Failure, and that is all (8.2).
class PriQueue : public smmu::Worker {
 public:
  PriQueue(const Parts& parts, ProgrammingInterface& interface);

  /// Whether the internal buffer takes one more request. Whoever has one and finds no room waits.
  bool has_room() const { return m_pending.size() < m_parts.structures.page_request_buffer; }
  /// When the last request was taken out of the buffer.
  smmu::TimePs room_at() const { return m_room_at; }
  /// Takes a request, to be recorded or answered not before its time. Whether the queue is enabled for it is
  /// decided here, and whether there is room in memory when its turn has come.
  void receive(const PageRequest& request);
  /// Whether a request is still to be recorded that came while the queue was enabled (6.3.9.5).
  bool committed() const;

  /// A request that has been received.
  struct Received {
    PageRequest request;
    bool refused = false;  ///< the queue was not enabled
  };
  /// Those that wait, by time; the first may be on its way.
  const std::deque<Received>& pending() const { return m_pending; }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_config ? m_config->op() : m_writer.op(); }
  bool waiting() const override { return m_writer.waiting() || m_fetching; }
  void complete(const smmu::MemoryAnswer& answer) override;

  /// Traces how full it is in memory.
  void trace_level(smmu::TimePs time) { m_writer.trace_level(time); }
  void reset();
  /// After the engine's, and InFlight::abandon(). What is refused is as after reset().
  void visit(Archive& archive);

 private:
  enum class State : std::uint8_t {
    idle,    ///< the next request is still to be looked at
    write,   ///< the first is being written
    config,  ///< the STE of the first is looked up: STE.PPAR
    record,  ///< that has failed, and an event waits for room
  };

  bool enabled() const;
  void take_first(smmu::TimePs now);
  void written();
  void write_failed();
  void overflow();
  void look_up();
  void looked_up();
  void answer_first(std::uint8_t response, bool with_substream);
  void end_first(const char* outcome);
  void visit_state(Archive& archive);
  bool consistent();

  Parts m_parts;
  ProgrammingInterface& m_interface;
  std::deque<Received> m_pending;  // by time
  State m_state = State::idle;
  RecordWriter m_writer;
  std::optional<ConfigFetch> m_config;  // State::config
  bool m_fetching = false;              // it waits for memory
  smmu::FlightToken m_token;            // likewise: CMD_SYNC waits for the use of an STE
  std::optional<Event> m_event;         // State::record
  smmu::TimePs m_time = 0;
  smmu::TimePs m_room_at = 0;
};

}  // namespace smmuvp::smmuv3
