// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A price feed for the devnet with the usual aggregator interface. Anybody may set the price.
contract PriceFeed {
    uint8 public constant decimals = 8;
    uint256 public constant version = 1;

    /// @notice Which price this is, such as "EUR / USD".
    string public description;

    uint80 private _round;
    int256 private _answer;
    uint256 private _updatedAt;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    constructor(string memory description_, int256 answer) {
        description = description_;
        set(answer);
    }

    /// @param answer The new price with 8 decimals.
    function set(int256 answer) public {
        _round += 1;
        _answer = answer;
        _updatedAt = block.timestamp;
        emit AnswerUpdated(answer, _round, block.timestamp);
    }

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return (_round, _answer, _updatedAt, _updatedAt, _round);
    }
}
